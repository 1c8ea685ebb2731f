"""Results as people read them: pure functions of result documents."""
