    //
    // The path is dead as well when it carries small packets alone (edits/black_hole.c), and none of the smallest MTU: heartbeats would keep such a
    // connection for ever, and no data would come through.
    //
    const uint64_t Patience = MS_TO_US((uint64_t)Connection->Settings.DisconnectTimeoutMs);
    if ((OldestPacket != NULL && CxPlatTimeDiff64(OldestPacket->SentTime, TimeNow) >= Patience) ||
        (LossDetection->LargeLostCount > 0 &&
         CxPlatTimeDiff64(LossDetection->LargeLostSince, LossDetection->LargeLostLast) >= Patience)) {
