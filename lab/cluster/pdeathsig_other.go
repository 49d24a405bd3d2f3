//go:build !linux

package cluster

import "os/exec"

// dieWithParent can't be had here: a lab whose owner is killed leaves its
// processes behind.
func dieWithParent(*exec.Cmd) {}
