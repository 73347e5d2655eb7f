"""The outside world: text messages, mail, the console. They implement the ports of messaging."""
