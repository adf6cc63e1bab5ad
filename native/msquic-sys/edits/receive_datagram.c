            //
            // Number RefCount - 1 of the block's metadata, which the loop's condition holds below CXPLAT_MAX_IO_BATCH_SIZE: so many lie
            // between the block's head and its payload at RecvBlockBufferOffset. A block of a kernel that joins no datagrams has room for
            // one, and a message there is one datagram. A message of more than 53 datagrams ends with the 53rd. Nothing else
            // of a block is read unless a datagram's metadata point to it: packets are found by Next, payload by Buffer and
            // BufferLength, which was received.
            //
            CxPlatZeroMemory(Datagram, SocketContext->DatapathPartition->Datapath->RecvBlockStride);
            Datagram->IoBlock = IoBlock;
