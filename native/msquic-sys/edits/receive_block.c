            //
            // The metadata of datagrams, behind this head, are cleared one by one as datagrams use them (receive_datagram.c).
            //
            IoBlock = CxPlatPoolAllocUninitialized(&DatapathPartition->RecvBlockPool);
            if (IoBlock != NULL) {
                CxPlatZeroMemory(IoBlock, sizeof(*IoBlock));
            }
