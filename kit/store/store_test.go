package store_test

import (
	"testing"

	"fieldkit/kit/store"
	"fieldkit/kit/store/storetest"
)

func open(dir string, o store.Options) (storetest.Store, error) {
	s, err := store.Open(dir, o)
	if err != nil {
		return nil, err // not a nil *Store in the interface
	}
	return s, nil
}

func TestContract(t *testing.T) { storetest.Run(t, open) }

func TestContractWithFaults(t *testing.T) {
	storetest.RunFaults(t, func(fault *storetest.Fault, dir string, o store.Options) (storetest.Store, error) {
		s, err := store.Open(dir, o.Through(func(path string) (store.Link, error) {
			return fault.Through(func() (storetest.Link, error) { return store.OpenLink(path) })
		}))
		if err != nil {
			return nil, err
		}
		return s, nil
	})
}
