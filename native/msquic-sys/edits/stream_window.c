        if (Stream->RecvBuffer.VirtualBufferLength != 0 &&
            Stream->RecvBuffer.VirtualBufferLength <
                Stream->Connection->Settings.ConnFlowControlWindow /
                CXPLAT_MAX(
                    Stream->Connection->Streams.Types[Stream->ID & STREAM_ID_MASK].CurrentStreamCount,
                    (uint16_t)1)) {
