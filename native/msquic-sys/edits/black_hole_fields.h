    uint64_t TotalBytesSentAtLastAck;

    //
    // Whether large packets vanish (edits/black_hole.c), those that are as large as the smallest MTU or larger: the last that was acknowledged, how
    // many were lost that were sent behind it, and when the first and the last of these were sent.
    //
    uint64_t LargestLargeAck;
    uint32_t LargeLostCount;
    uint64_t LargeLostSince;
    uint64_t LargeLostLast;
