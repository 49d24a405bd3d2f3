//go:build unix

package main

import (
	"os/exec"
	"syscall"
)

// detach gives the process a session of its own: Ctrl-C in the terminal of
// `up`, or its end, is not for it.
func detach(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} }
