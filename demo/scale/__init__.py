"""A database as large as one wishes, of invented clinics whose book breaks no rule."""
