"""What `outreach doctor` looks at: each module one part, each finding with what to do."""
