//! The guarded edits to msquic's sources (see `build/edits.rs`). Line numbers and checksums are those of msquic 2.6.3.
//!
//! An edit names its reason here and keeps a longer replacement in a file of this folder:
//!
//! ```text
//! Edit {
//!     file: "src/core/example.c",
//!     first_line: 10,
//!     last_line: 12,
//!     sha256: "...", // sed -n 10,12p src/core/example.c | sha256sum
//!     replacement: include_str!("example.c"),
//! }
//! ```

use crate::edits::Edit;

pub const EDITS: &[Edit] = &[
    // Statistics for a trace that nobody can read: without logging the events are stubs, but "enabled", so that every flush
    // walks all open streams of its connection. Hundreds of open streams cost four fifths of the throughput.
    Edit {
        file: "src/inc/quic_trace.h",
        first_line: 141,
        last_line: 141,
        sha256: "69b40c5186ec02f51dfb4f11038470a287aff3c171af76c5863463f5d318b4d0",
        replacement: "#define QuicTraceEventEnabled(x) FALSE\n",
    },
    Edit {
        file: "src/inc/quic_trace.h",
        first_line: 192,
        last_line: 192,
        sha256: "3d8029c0f6ea878f3f10c478b3cecd1ce5cfce9b4ab381b186f3efb097e587e0",
        replacement: "#define QuicTraceEventEnabled(Name) FALSE\n",
    },
    // Every start of the library loads `libmsquic.lttng.so.2.6.3` from the folder of the program or library it is linked
    // into, if it is there: whoever may write to that folder would run code in our process. No definition switches that off
    // (only an environment variable does); so the name of the file goes, and the code that looks for it.
    Edit {
        file: "src/platform/platform_posix.c",
        first_line: 52,
        last_line: 52,
        sha256: "193fc5398c81394010f2e3911770db11feb83df3ed43040dc0c8d32ac663709c",
        replacement: "",
    },
    Edit {
        file: "src/platform/platform_posix.c",
        first_line: 131,
        last_line: 202,
        sha256: "fb949f1292baeeeaf4571f598589c0f279be5fa59e4544e89f9666bca65200e7",
        replacement: "",
    },
    // Each dialed address read the system's bundle of certificate authorities, some 140 of them, for 15 ms. Nobody asks them here: the pin decides.
    Edit {
        file: "src/platform/tls_openssl.c",
        first_line: 1800,
        last_line: 1812,
        sha256: "5e3befd46c7bb557b542f1c35f0dad0d878659efb49af3965f2c33f5b3f48018",
        replacement: "",
    },
    // For every handshake a listener would look for the issuer of its own certificate in the system's folder of certificates,
    // to send a longer chain: work and a file access that any stranger causes. Its certificate has no issuer but itself.
    Edit {
        file: "src/platform/tls_openssl.c",
        first_line: 2100,
        last_line: 2100,
        sha256: "f10aa1660f53884c7daf5eac953a85855ca3d7fa775bdedb99422a0b39f43fcf",
        replacement: "        SSL_CTX_set_mode(SecurityConfig->SSLCtx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_NO_AUTO_CHAIN);\n",
    },
    // Blocks for a batch of datagrams (64 KB) were cleared whole before each use, although all that is read of the payload is what
    // the kernel or the packet builder (padding included) wrote there: 4 to 5 % of all cycles at full speed. What is before and
    // behind the payload is still cleared; of a receive block that is its own head when it is taken, and the metadata of each
    // datagram when there is one. The metadata of all 53 together are 12 KB, and where datagrams arrive one by one that was eight
    // times what arrived.
    Edit {
        file: "src/platform/datapath_epoll.c",
        first_line: 1696,
        last_line: 1696,
        sha256: "37ca70d805f4a9bdf57f946871c140591ea483273d5f67fcafebf56d81045fc1",
        replacement: include_str!("receive_datagram.c"),
    },
    Edit {
        file: "src/platform/datapath_epoll.c",
        first_line: 1768,
        last_line: 1768,
        sha256: "41e7132a6fbfe15d72633850b418d4fabf5a624cc403c86f1e858dafd0b88ba7",
        replacement: include_str!("receive_block.c"),
    },
    // A socket was read until it was empty, and only then did its connections see what had come: at 400 Mbit/s in single datagrams that
    // took up to 150 ms, in which nothing was acknowledged and thousands of blocks were held (100 MB and more).
    Edit {
        file: "src/platform/datapath_epoll.c",
        first_line: 1763,
        last_line: 1763,
        sha256: "5fb7015aeabfbf02ac9d5475e7d9b0eeea873408a7163fa08b372de6eebffc5d",
        replacement: "    struct iovec RecvIov;\n    uint32_t Reads = 0;\n",
    },
    Edit {
        file: "src/platform/datapath_epoll.c",
        first_line: 1815,
        last_line: 1815,
        sha256: "0939a1e556f8f1ff1ef85cf8b3abbf874dfbfba834d757635800ff23b127154f",
        replacement: include_str!("receive_turn.c"),
    },
    // The same for kernels that join no datagrams (before Linux 5.0), which are read 53 at a time: 3 times 53 are the first number beyond 128.
    Edit {
        file: "src/platform/datapath_epoll.c",
        first_line: 1834,
        last_line: 1834,
        sha256: "b1893c5e3fcc7992cb941dfdc68ab5dc1fe60d3bb6c523ca319138f2fa64c2c7",
        replacement: "    CxPlatZeroMemory(IoBlocks, sizeof(IoBlocks));\n    uint32_t Reads = 0;\n",
    },
    Edit {
        file: "src/platform/datapath_epoll.c",
        first_line: 1842,
        last_line: 1842,
        sha256: "6c3c17d96ad353126048c439f9d24231ab47379ef779627c2e77dde9fa047aa7",
        replacement: include_str!("receive_blocks.c"),
    },
    Edit {
        file: "src/platform/datapath_epoll.c",
        first_line: 1891,
        last_line: 1891,
        sha256: "0939a1e556f8f1ff1ef85cf8b3abbf874dfbfba834d757635800ff23b127154f",
        replacement: "    } while (++Reads < 3);\n",
    },
    // How often acknowledgements came late and how late they were together, for the verdict: the sender runs dry meanwhile, and no
    // other number of msquic shows it.
    Edit {
        file: "src/core/connection.h",
        first_line: 313,
        last_line: 313,
        sha256: "f777d5e1c34a27a861284878df59acda92065c28d9b6d0deec9dcd12b2b405fc",
        replacement: include_str!("ack_gap_fields.h"),
    },
    Edit {
        file: "src/core/loss_detection.c",
        first_line: 1457,
        last_line: 1457,
        sha256: "e6dbbfd9ad80224d4f4dd661878117bb8b74795fdf533878e8b59ac3b90d70db",
        replacement: include_str!("ack_gap.c"),
    },
    Edit {
        file: "src/inc/msquic.h",
        first_line: 655,
        last_line: 655,
        sha256: "972c679e13b19567d98da178988ec8be83ed839a0e4c71b8bfc538beeb83915a",
        replacement: include_str!("ack_gap_statistics.h"),
    },
    Edit {
        file: "src/core/connection.c",
        first_line: 7181,
        last_line: 7181,
        sha256: "53fa712f4380b2ee4ecea224726b23ae330a2613b20c7e52434c1c5b71c9bb02",
        replacement: include_str!("ack_gap_statistics.c"),
    },
    Edit {
        file: "src/platform/datapath_epoll.c",
        first_line: 2038,
        last_line: 2038,
        sha256: "15a6407f2bd219e845ed0db44e77b5e1507443aabe4264af0ece1ac062365022",
        replacement: include_str!("send_block.c"),
    },
    // Two clock readings and an atomic addition for each packet sent, and the same for each received, for a sum of microseconds that
    // nobody here reads: 3 % of all cycles at full speed.
    Edit {
        file: "src/core/packet_builder.c",
        first_line: 878,
        last_line: 878,
        sha256: "25fbdf5ca6e288cebc2744bc6d21f39fc7abe8a782074988b89a8994aee05958",
        replacement: "",
    },
    Edit {
        file: "src/core/packet_builder.c",
        first_line: 887,
        last_line: 890,
        sha256: "59b67c0ef501fa009b8e2f3a782f9501d3b10a1970e28caa299a50bb2322e469",
        replacement: "",
    },
    Edit {
        file: "src/core/connection.c",
        first_line: 4273,
        last_line: 4273,
        sha256: "a041b36ed987f3a13d47130f4d6e4847eb966318d9bbf380b1b48c789ff0fb44",
        replacement: "",
    },
    Edit {
        file: "src/core/connection.c",
        first_line: 4282,
        last_line: 4285,
        sha256: "82f2129ca8c949b7e3af688c919abd20471c05b53e41a65e745e669d2c82c4a6",
        replacement: "",
    },
    // Packets as large as the path takes them: msquic stops at 1,500 bytes, while loopback takes 65,536 and many local networks 9,000.
    // Each packet costs the same whatever its size, and that was most of what a transfer on loopback cost. How large they may become
    // is the setting MaximumMtu. Four of this size, with one set of headers, stay below the 65,536 bytes from which on the kernel cuts a
    // batch even on loopback; and beyond 16,383 bytes of one stream in a packet msquic would write their number into too short a field.
    Edit {
        file: "src/inc/quic_datapath.h",
        first_line: 97,
        last_line: 97,
        sha256: "3978517631c69a22797a53e176353ac5dfc458dfe4721e8c05ced5768160c2f9",
        replacement: "#define CXPLAT_MAX_MTU 16392\n",
    },
    // Beyond Ethernet's size msquic's search goes on in steps of 80 bytes, a round trip each: hundreds of them. When a size is lost three
    // times (on most paths by the sending kernel, which knows its link), the search ends with what was found before.
    Edit {
        file: "src/core/mtu_discovery.c",
        first_line: 93,
        last_line: 93,
        sha256: "3c93fdce785617140b2e3493566a8de339bbe6136fcf5b7f40518a326cca7065",
        replacement: include_str!("next_probe.c"),
    },
    // Without segmentation by the kernel a batch holds datagrams of any sizes, and its end was found by the size of the last one: a large
    // one after a small one would have been written behind its end.
    Edit {
        file: "src/platform/datapath_epoll.c",
        first_line: 2103,
        last_line: 2104,
        sha256: "230565164d282b95abb5a1ad79ca880bd1059a7ebfc2f7484f4627718a7db4d7",
        replacement: "        if (SendData->TotalSize + MAX_UDP_PAYLOAD_LENGTH > sizeof(SendData->Buffer) ||\n",
    },
    // The window of each stream doubled up to that of the connection, and its buffer with it, which never shrinks: eight lanes that were
    // the slowest in turn held five times the connection's window (375 MB with one of 64 MiB). Now the windows of all
    // streams of a kind grow to twice the connection's together at most.
    Edit {
        file: "src/core/stream_recv.c",
        first_line: 809,
        last_line: 810,
        sha256: "5f92d8a03c12d740289da0ed0ca41544a51c8605066eff82c8700b9e4bd39038",
        replacement: include_str!("stream_window.c"),
    },
    // A packet that was to find out how large packets may be and got lost says nothing about congestion (RFC 9000 14.4), and on most paths
    // the three that look for more than Ethernet's size are lost. CUBIC ended its slow start at its first window because of them: on
    // 500 Mbps and 20 ms it went 131 Mbps in place of 400.
    Edit {
        file: "src/core/loss_detection.c",
        first_line: 924,
        last_line: 924,
        sha256: "24e1bc6f5b58d32e540ec58587f666ac635c2f9ca92974db3f320ccc8fff716f",
        replacement: "    uint32_t LostRetransmittableBytes = 0;\n    BOOLEAN LostProbe = FALSE;\n",
    },
    Edit {
        file: "src/core/loss_detection.c",
        first_line: 1026,
        last_line: 1026,
        sha256: "c2a7aef3fd2a1030733ba1bc7e78344af13baf83c219835f6661f7a4b6faee45",
        replacement: include_str!("lost_probe.c"),
    },
    Edit {
        file: "src/core/loss_detection.c",
        first_line: 1078,
        last_line: 1078,
        sha256: "e2aceecc31d0f80db10da7305d2881307c45b0a6f1297e615b71df55fba4e3d7",
        replacement: "    return LostRetransmittableBytes > 0 || LostProbe;\n",
    },
    // A path that begins to lose large packets: msquic sent them again and again, as large as before, until it gave the connection up after 16 s.
    Edit {
        file: "src/core/loss_detection.h",
        first_line: 58,
        last_line: 58,
        sha256: "cad62c804c3d58591c8bee023105b9d052e59fa45aadb6a288abc902e6b3122b",
        replacement: include_str!("black_hole_fields.h"),
    },
    Edit {
        file: "src/core/loss_detection.c",
        first_line: 646,
        last_line: 646,
        sha256: "8a0d0b8a9dda2747dfef03ba8fca2e6b51ec22df4699d562d91506c49a7d4a6e",
        replacement: include_str!("large_acked.c"),
    },
    Edit {
        file: "src/core/loss_detection.c",
        first_line: 1051,
        last_line: 1051,
        sha256: "a11af9799f103a7f12c2bb157f75941f068c7e38a43e03d3d49c276ef2b86111",
        replacement: include_str!("black_hole.c"),
    },
    // A path that carries small packets alone: heartbeats came through, so msquic kept the connection for ever, and no data did.
    Edit {
        file: "src/core/loss_detection.c",
        first_line: 1855,
        last_line: 1857,
        sha256: "39757d48686642b935efbff0a70f537f8fe6538e5deee07b634ed4914e2f92c5",
        replacement: include_str!("give_up.c"),
    },
    // Address validation (Retry) begins when this many connections are in their handshakes: RetryMemoryLimit is that number here. msquic's
    // unit, 1/65535 of the machine's memory, is seven connections on a laptop and hundreds on a server. msquic counts a connection from its
    // first datagram on, so the limit also covers dialers that send half of their first message, which no application sees.
    Edit {
        file: "src/core/library.c",
        first_line: 446,
        last_line: 447,
        sha256: "9d2c9f32fe06cb0430277006024d694b44fbba93d7d72ffd1c5e4b25565ed634",
        replacement: include_str!("retry_limit.c"),
    },
    Edit {
        file: "src/core/library.c",
        first_line: 1121,
        last_line: 1122,
        sha256: "a1b69b7dfe523532199be9e56d7db62c5a062181b9d6e1761dd3d8a78ece5003",
        replacement: include_str!("retry_limit.c"),
    },
    Edit {
        file: "src/core/binding.c",
        first_line: 1297,
        last_line: 1300,
        sha256: "765865b5d412d7a3b446b6d71fe3ed108bb401cdbbe7a2faa0fa622481862f0c",
        replacement: "    return MsQuicLib.CurrentHandshakeMemoryUsage >= MsQuicLib.HandshakeMemoryLimit;\n",
    },
    // A bound on handshakes whose dialers have proved their addresses. msquic has none: at 2,000 a second, connections that never send the
    // rest of their first message would hold hundreds of megabytes until their time is up.
    Edit {
        file: "src/core/binding.c",
        first_line: 1281,
        last_line: 1281,
        sha256: "3f1f71949f4fa4c935bcce0f5c0d6096bec046e1b76eb19396956a4fae449789",
        replacement: include_str!("handshake_bound.c"),
    },
    // Tells a listener's NEW_CONNECTION whether the dialer has proved its address: the flag StatelessRetry in the connection's statistics,
    // which msquic sets at dialers alone.
    Edit {
        file: "src/core/connection.c",
        first_line: 4010,
        last_line: 4010,
        sha256: "fe597608e3f979a0ad4fd6841af5059378e14e67eb54a52f07ee63ec9995cda4",
        replacement: include_str!("address_proved.c"),
    },
    // MSVC's `inline` in C makes a definition to which other files can link; gcc's and clang's does not.
    Edit {
        file: "src/inc/msquic_winuser.h",
        first_line: 41,
        last_line: 41,
        sha256: "c9fe9fd385c6264e852a4f84b3aff344cacbf75c97e1d4a3f22bf7b1ada00e10",
        replacement: "#define QUIC_INLINE static inline\n",
    },
    // macOS, as Linux above: the 64 KB of payload were cleared for each datagram that came. What lies before and behind them still is.
    Edit {
        file: "src/platform/datapath_kqueue.c",
        first_line: 601,
        last_line: 601,
        sha256: "7e8a0c0b3a9471c35d2403bd1cbc2ed4907e79583a5ba50df5db34f902dca718",
        replacement: include_str!("receive_block_kqueue.c"),
    },
    Edit {
        file: "src/platform/datapath_kqueue.c",
        first_line: 593,
        last_line: 593,
        sha256: "35654f64f4a3393e0fff99a333cc29572f08ff674b5ed8287d3595f4455eead1",
        replacement: "        CxPlatPoolAllocUninitialized(&DatapathPartition->RecvBlockPool);\n",
    },
    Edit {
        file: "src/platform/datapath_kqueue.c",
        first_line: 1742,
        last_line: 1742,
        sha256: "49e954a63f11f15d2477228ba9fe4742c3a6cfd178c75ca1a230e2ca0c54124d",
        replacement: "    Buffer->Buffer = CxPlatPoolAllocUninitialized(BufferPool);\n",
    },
    // Windows, the same.
    Edit {
        file: "src/platform/datapath_winuser.c",
        first_line: 2658,
        last_line: 2658,
        sha256: "737d4a4e8d124efd64393c0e74b1b58393b267668526ec5bd46a59ebb5e695b8",
        replacement: include_str!("receive_block_windows.c"),
    },
    Edit {
        file: "src/platform/datapath_winuser.c",
        first_line: 3755,
        last_line: 3755,
        sha256: "7bddcc645efda18c5fbf6de884117806d3d961b98f261fe1b0576fe700019cfc",
        replacement: "    WsaBuffer->buf = CxPlatPoolAllocUninitialized(SendData->BufferPool);\n",
    },
    // macOS had no way to forbid fragments when this was written; since version 11 it has.
    Edit {
        file: "src/platform/datapath_kqueue.c",
        first_line: 722,
        last_line: 728,
        sha256: "17f6893785869e457b982fa4d9fc9b35cc5ae7fe50d1c921ae17223798874782",
        replacement: include_str!("dont_fragment_kqueue.c"),
    },
];
