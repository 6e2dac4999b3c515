package sheepdog.protocol.wire;

import java.util.Optional;

/**
 * Every operation that has a number: the original's at the version we follow, those that later versions added, and our
 * own between sheep. Having a number does not mean being served; that is the table of operations.
 */
public enum Opcode {
    // Public operations.
    CREATE_AND_WRITE_OBJ(0x01),
    READ_OBJ(0x02),
    WRITE_OBJ(0x03),
    REMOVE_OBJ(0x04),
    DISCARD_OBJ(0x05),
    NEW_VDI(0x11),
    LOCK_VDI(0x12),
    RELEASE_VDI(0x13),
    GET_VDI_INFO(0x14),
    READ_VDIS(0x15),
    FLUSH_VDI(0x16),
    DEL_VDI(0x17),
    GET_CLUSTER_DEFAULT(0x18),

    // Internal operations, as early clients and C sheep know them.
    GET_NODE_LIST(0x82),
    MAKE_FS(0x84),
    SHUTDOWN(0x85),
    STAT_SHEEP(0x86),
    STAT_CLUSTER(0x87),
    GET_VDI_ATTR(0x89),
    FORCE_RECOVER(0x8a),
    GET_STORE_LIST(0x90),
    SNAPSHOT(0x91),
    RESTORE(0x92),
    GET_SNAP_FILE(0x93),
    CLEANUP(0x94),
    TRACE(0x95),
    TRACE_READ_BUF(0x96),
    STAT_RECOVERY(0x97),
    FLUSH_DEL_CACHE(0x98),
    NOTIFY_VDI_DEL(0x99),
    KILL_NODE(0x9a),
    TRACE_ENABLE(0x9b),
    TRACE_DISABLE(0x9c),
    GET_OBJ_LIST(0xa1),
    GET_EPOCH(0xa2),
    CREATE_AND_WRITE_PEER(0xa3),
    READ_PEER(0xa4),
    WRITE_PEER(0xa5),
    REMOVE_PEER(0xa6),
    SET_CACHE_SIZE(0xa7),
    ENABLE_RECOVER(0xa8),
    DISABLE_RECOVER(0xa9),
    GET_VDI_COPIES(0xab),
    COMPLETE_RECOVERY(0xac),
    FLUSH_NODES(0xad),
    FLUSH_PEER(0xae),
    NOTIFY_VDI_ADD(0xaf),
    DELETE_CACHE(0xb0),
    MD_INFO(0xb1),
    MD_PLUG(0xb2),
    MD_UNPLUG(0xb3),

    // Internal operations of later versions.
    GET_HASH(0xb4),
    REWEIGHT(0xb5),
    GET_CACHE_INFO(0xb6),
    CACHE_PURGE(0xb7),
    STAT(0xb8),
    GET_LOGLEVEL(0xb9),
    SET_LOGLEVEL(0xba),
    NFS_CREATE(0xbb),
    NFS_DELETE(0xbc),
    EXIST(0xbd),
    CLUSTER_INFO(0xbe),
    ALTER_CLUSTER_COPY(0xbf),
    ALTER_VDI_COPY(0xc0),
    DECREF_OBJ(0xc1),
    DECREF_PEER(0xc2),
    PREVENT_INODE_UPDATE(0xc3),
    ALLOW_INODE_UPDATE(0xc4),
    REPAIR_REPLICA(0xc5),
    OIDS_EXIST(0xc6),
    VDI_STATE_CHECKPOINT_CTL(0xc7),
    INODE_COHERENCE(0xc8),
    READ_DEL_VDIS(0xc9),
    GET_RECOVERY(0xca),
    SET_RECOVERY(0xcb),
    SET_VNODES(0xcc),
    GET_VNODES(0xcd),

    // Ours, for clients.
    GET_WAITING(0xd8),
    DRAIN_NODE(0xdc),
    RECOVERY_PROGRESS(0xda),
    LOST_OBJECTS(0xdb),
    LIST_VDIS(0xdd),

    // Our sheep among themselves.
    HELLO(0xe0),
    PING(0xe1),
    READ_REPLICA(0xe2),
    WRITE_REPLICA(0xe3),
    CREATE_REPLICA(0xe4),
    REMOVE_REPLICA(0xe5),
    DISCARD_REPLICA(0xe6),
    COMPLETED_WRITES(0xe7),
    IN_FLIGHT_OBJECTS(0xe8),
    SETTLE_OBJECT(0xe9),
    FETCH_OBJECT(0xea),
    LIST_OBJECTS(0xeb),
    YIELD_OWNER(0xec),
    STAT_OBJECT(0xed);

    private static final Opcode[] BY_CODE = new Opcode[256];

    static {
        for (Opcode opcode : values()) {
            BY_CODE[opcode.code] = opcode;
        }
    }

    private final int code;

    Opcode(int code) {
        this.code = code;
    }

    /** The number on the wire, 0 to 255. */
    public int code() {
        return code;
    }

    /** Whether it must come with the internal version; the others are for any client. */
    public boolean isInternal() {
        return code >= 0x80;
    }

    /** Whether only our sheep use it. */
    public boolean isBetweenSheep() {
        return code >= Protocol.FIRST_SHEEP_OPCODE;
    }

    /** @param code any number; those outside of 0 to 255 are no opcodes */
    public static Optional<Opcode> of(int code) {
        return code < 0 || code > 255 ? Optional.empty() : Optional.ofNullable(BY_CODE[code]);
    }
}
