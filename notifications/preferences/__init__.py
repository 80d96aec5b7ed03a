"""What people want to hear of, how and when: read, checked and written here, obeyed by delivery."""
