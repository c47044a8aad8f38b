//go:build !race

package salvage_test

// racing says that the race detector runs.
const racing = false
