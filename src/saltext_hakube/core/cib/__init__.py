"""The cluster's configuration (CIB): objects, their meaning, and plans over its XML."""
