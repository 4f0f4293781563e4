package capture

// Kept returns the size of the buffer that the Writer keeps.
func (w *Writer) Kept() int { return cap(w.line) }
