"""Many submissions: what learners wrote is data here, and only the course's own cells are run."""
