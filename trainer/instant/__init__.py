"""The rest of a photo from the strokes on it: numpy alone, for the window and for a simulated hand."""
