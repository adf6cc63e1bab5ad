            IoBlock = CxPlatPoolAllocUninitialized(&DatapathPartition->RecvBlockPool);
            if (IoBlock != NULL) {
                CxPlatZeroMemory(IoBlock, DatapathPartition->Datapath->RecvBlockBufferOffset);
            }
