"""What the library does with damaged input, killed processes and full disks: counted, not claimed."""
