"""Model files in other forms: what serving runs, and what others want to take along."""
