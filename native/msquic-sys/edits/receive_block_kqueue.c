        CxPlatZeroMemory(IoBlock, offsetof(DATAPATH_RX_IO_BLOCK, Buffer));
        CxPlatZeroMemory(
            &IoBlock->RecvPacket,
            DatapathPartition->RecvBlockPool.Size - sizeof(CXPLAT_POOL_HEADER) - offsetof(DATAPATH_RX_IO_BLOCK, RecvPacket));
