                IoBlock = CxPlatPoolAllocUninitialized(&DatapathPartition->RecvBlockPool);
                if (IoBlock != NULL) {
                    CxPlatZeroMemory(IoBlock, sizeof(*IoBlock));
                }
