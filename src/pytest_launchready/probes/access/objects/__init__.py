"""Part `objects`: who reads, lists, changes and deletes what belongs to somebody else."""
