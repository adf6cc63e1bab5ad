        uint32_t DestCidUpdateCount;    // Number of times the destination CID changed.
        uint64_t AckGapCount;           // Acknowledgements that came more than 30 ms late (edits/ack_gap.c).
        uint64_t AckGapUs;              // How late they were together.
        uint64_t LastAckTime;           // When data was acknowledged last.
