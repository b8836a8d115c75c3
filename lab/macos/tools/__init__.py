"""Stand-ins for a Mac's own programs. TOOLS: name -> function(session, arguments), returns the exit code."""
