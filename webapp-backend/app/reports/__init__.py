"""Reports to hand on, and case files of verdicts that somebody says are wrong."""
