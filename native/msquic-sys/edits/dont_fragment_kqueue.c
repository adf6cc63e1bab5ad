    //
    // Otherwise a probe that is too large for the path would arrive in fragments, and all that follows as well. A system that does not
    // know the option for this kind of socket goes on as before it had one.
    //
#if defined(IP_DONTFRAG)
    Option = TRUE;
    (void)setsockopt(SocketContext->SocketFd, IPPROTO_IP, IP_DONTFRAG, (const void*)&Option, sizeof(Option));
#endif
#if defined(IPV6_DONTFRAG)
    if (!ForceIpv4) {
        Option = TRUE;
        (void)setsockopt(SocketContext->SocketFd, IPPROTO_IPV6, IPV6_DONTFRAG, (const void*)&Option, sizeof(Option));
    }
#endif
