"""Prediction: photos of any size to labels, confidence, boxes and error maps, in bounded memory."""
