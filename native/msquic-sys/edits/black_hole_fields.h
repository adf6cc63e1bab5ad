    uint64_t TotalBytesSentAtLastAck;

    //
    // Whether large packets vanish (edits/black_hole.c): the last that was acknowledged, and when the first was sent that was lost since then.
    //
    #define QUIC_SAFE_MTU 1280
    uint64_t LargestLargeAck;
    uint64_t LargeLostSince;
