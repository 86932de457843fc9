//go:build tools

// Package tools names the programs that the tests run, so that go.sum holds all that they are built from.
package tools

import _ "github.com/nektos/act"
