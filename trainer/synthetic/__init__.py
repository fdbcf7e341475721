"""Rendered photos of mannequins with exact nine-class masks, and the demo project made of them."""
