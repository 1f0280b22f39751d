"""Controllers between the window and its processes: predicting, comparing, measuring, and launching trainers."""
