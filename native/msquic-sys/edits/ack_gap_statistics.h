    uint32_t RttVariance;                   // In microseconds

    uint64_t AckGapCount;                   // Acknowledgements that came more than 30 ms late (edits/ack_gap.c).
    uint64_t AckGapUs;                      // How late they were together.
