package store

import "time"

// SetWait makes a Bolt wait otherwise than boltWait for other processes.
func (b *Bolt) SetWait(d time.Duration) { b.wait = d }
