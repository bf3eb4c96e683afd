"""The history's questions: from query parameters to SQL on both databases to answers."""
