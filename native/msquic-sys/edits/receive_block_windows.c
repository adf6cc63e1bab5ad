    DATAPATH_RX_IO_BLOCK* IoBlock = CxPlatPoolAllocUninitialized(&DatapathProc->RecvDatagramPool.Base);
    if (IoBlock != NULL) {
        //
        // The block's head and the metadata of its datagrams.
        //
        CxPlatZeroMemory(IoBlock, DatapathProc->Datapath->RecvPayloadOffset);
    }
