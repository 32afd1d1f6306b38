"""The sandbox of streams: who sends, what came and what was found about it. Knows no HTTP."""
