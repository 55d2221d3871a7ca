"""Parts `session`, `mass_assignment`, `enumeration` and `double_submit`: how the marketplace treats accounts."""
