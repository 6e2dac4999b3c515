package sheepdog.membership.local;

import java.util.regex.Pattern;

/** Names of the sockets in a folder: {@code sheep-STORE.PID.RANDOM}, all but the pid in hex. */
final class SocketName {
    /** With the longest pid there can be. */
    static final int LENGTH_MAX = 6 + 16 + 1 + 10 + 1 + 8 + SocketName.BEFORE.length();

    /** In front of the name until the socket listens, so that no sheep connects too early and takes it for stale. */
    static final String BEFORE = ".new-";

    private static final Pattern LISTENING = Pattern.compile("sheep-[0-9a-f]{16}\\.\\d{1,10}\\.[0-9a-f]{8}");

    private SocketName() {}

    static String of(long storeId, long pid, int random) {
        return String.format("sheep-%016x.%d.%08x", storeId, pid, random);
    }

    /** Whether a sheep may be listening there. Nothing that looks like a path passes. */
    static boolean isListening(String name) {
        return LISTENING.matcher(name).matches();
    }

    /** Whether a sheep died while it made this one. */
    static boolean isUnfinished(String name) {
        return name.startsWith(BEFORE) && isListening(name.substring(BEFORE.length()));
    }
}
