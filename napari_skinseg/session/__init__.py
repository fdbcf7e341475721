"""One annotator's session: from photo to photo, loading, editing, saving. Free of Qt."""
