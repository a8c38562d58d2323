"""Long work: submitted by the API, kept in the store, done by a worker, resumed by another.

A worker increments its job's heartbeat. If another worker sees the heartbeat stand still, it takes
the job over; late results of the first worker are refused, so each result is stored once. No two
clocks are compared, so clocks may jump.
"""
