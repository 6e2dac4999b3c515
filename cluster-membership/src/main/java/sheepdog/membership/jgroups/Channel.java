package sheepdog.membership.jgroups;

import org.jgroups.Address;
import org.jgroups.BytesMessage;
import org.jgroups.Event;
import org.jgroups.JChannel;
import org.jgroups.Message;

/**
 * A JGroups channel that is usable before it is in a group: {@link #open} starts the protocols, after which messages pass,
 * and {@link #join} looks for a coordinator and joins, or becomes one, which takes seconds.
 */
final class Channel extends JChannel {
    /** Reads the protocols and builds them; nothing is opened. */
    Channel(Stack stack) throws Exception {
        super(stack);
    }

    /** Opens the sockets and starts the protocols' threads. */
    void open(String group) throws Exception {
        lock.lock();
        try {
            _preConnect(group);
        } finally {
            lock.unlock();
        }
    }

    /**
     * Blocks until this is a member of a view, if only of its own. Holds no lock meanwhile, so that {@link #close} need not
     * wait for it; when closed it ends.
     */
    void join(String group) throws Exception {
        if (state == State.CONNECTING) {
            _connect(new Event(Event.CONNECT, group));
        }
        lock.lock();
        try {
            if (state == State.CONNECTING) {
                state = State.CONNECTED;
            }
        } finally {
            lock.unlock();
        }
    }

    /** Sends {@code bytes} once, whether {@code to} is in the view or not; {@code null} is everybody in reach. */
    void sendUnreliable(Address to, byte[] bytes) {
        down(new BytesMessage(to, bytes)
                .setFlag(Message.Flag.OOB, Message.Flag.NO_RELIABILITY)
                .setFlag(Message.TransientFlag.DONT_LOOPBACK));
    }

    /** Sends {@code bytes} until {@code to} has them, whether it is in the view or not. */
    void sendReliable(Address to, byte[] bytes) {
        down(new BytesMessage(to, bytes));
    }
}
