package store

import "sync/atomic"

// Link is what the store needs of a driver's connection.
type Link = link

// OpenLink opens one.
var OpenLink = openLink

// Through returns options with which all connections are opened by open.
func (o Options) Through(open func(path string) (Link, error)) Options {
	o.open = open
	return o
}

// WithPages returns options with which the file has at most so many pages, as on a disk that gets full. The writer looks
// at the number when it connects, so after each failure.
func (o Options) WithPages(pages *atomic.Int64) Options {
	o.maxPages = pages
	return o
}

// Migrations is how many there are.
func Migrations() int {
	list, err := migrations()
	if err != nil {
		panic(err)
	}
	return len(list)
}

// Trailing is how many entries an append leaves out of the index at most.
const Trailing = trailing

// ApplicationID is what the file's header says.
const ApplicationID = applicationID

// Replacing are the steps of Replace.
var Replacing = replacing
