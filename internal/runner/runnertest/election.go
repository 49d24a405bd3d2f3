package runnertest

import "time"

// ElectionTime is how long a topo server answers nobody while it elects a
// leader.
const ElectionTime = 4 * time.Second

// ElectAt lets the topo server lose its leader at the nth call of the process:
// nothing is read, locked or written until it has another.
func (p *Process) ElectAt(nth int) { p.electAt = nth }

func (c *Cluster) elect(now bool) {
	if now {
		c.elected = time.Now().Add(ElectionTime)
	}
}

func (c *Cluster) leaderless() bool { return time.Now().Before(c.elected) }
