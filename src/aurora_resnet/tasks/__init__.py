"""What belongs together for each kind of model: data, objective, and how it is measured, calibrated and exported."""
