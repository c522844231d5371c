"""What grading a class costs: on the plain road, on the course's, and in builds alone."""
