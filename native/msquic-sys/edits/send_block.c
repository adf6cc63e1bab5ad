    CXPLAT_SEND_DATA* SendData =
        CxPlatPoolAllocUninitialized(&SocketContext->DatapathPartition->SendBlockPool);
    if (SendData != NULL) {
        CxPlatZeroMemory(SendData, offsetof(CXPLAT_SEND_DATA, Buffer));
        CxPlatZeroMemory(
            &SendData->TotalBytesSent,
            Socket->Datapath->SendDataSize - offsetof(CXPLAT_SEND_DATA, TotalBytesSent));
    }
