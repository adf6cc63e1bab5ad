    uint64_t TotalBytesSentAtLastAck;

    //
    // Whether large packets vanish (edits/black_hole.c): the last that was acknowledged, how many were lost that were sent behind it, and when the
    // first of these was sent.
    //
    #define QUIC_SAFE_MTU 1280
    uint64_t LargestLargeAck;
    uint32_t LargeLostCount;
    uint64_t LargeLostSince;
