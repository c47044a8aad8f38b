// Fieldkit is the field kit in one program: the coordinator and its tools. See fieldkit --help.
package main

import "os"

func main() {
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}
