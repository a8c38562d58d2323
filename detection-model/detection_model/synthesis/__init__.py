"""Fakes made from real faces: `training_fakes` to train on, `holdout` fakes to test on."""
