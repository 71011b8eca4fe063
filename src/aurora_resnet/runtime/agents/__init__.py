"""Voice agents: parts for LiveKit Agents and Pipecat, which are not installed with this package."""
