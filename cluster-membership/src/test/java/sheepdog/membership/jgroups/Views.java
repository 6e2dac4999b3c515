package sheepdog.membership.jgroups;

import java.util.ArrayList;
import java.util.List;
import org.jgroups.Message;
import org.jgroups.conf.ClassConfigurator;
import org.jgroups.protocols.pbcast.GMS;
import org.jgroups.stack.Protocol;
import org.jgroups.util.MessageBatch;

/** Between JGroups' reliable messages and its views: loses, doubles or keeps back what tells of a new view. */
final class Views extends Protocol {
    private static final short MEMBERSHIP = ClassConfigurator.getProtocolId(GMS.class);

    private final Fault fault;
    private final List<Message> kept = new ArrayList<>();
    private int seen;

    /** What becomes of a new view. */
    enum Fault {
        LOST,
        DOUBLED,
        KEPT_BACK
    }

    Views(Fault fault) {
        this.fault = fault;
    }

    /** How many views have come so far. */
    synchronized int seen() {
        return seen;
    }

    /** Lets what was kept back go on. */
    void release() {
        List<Message> late;
        synchronized (this) {
            late = List.copyOf(kept);
            kept.clear();
        }
        late.forEach(up_prot::up);
    }

    @Override
    public Object up(Message message) {
        if (!isView(message)) {
            return up_prot.up(message);
        }
        switch (fault) {
            case LOST -> count();
            case DOUBLED -> {
                count();
                up_prot.up(message);
                up_prot.up(message);
            }
            case KEPT_BACK -> keep(message);
        }
        return null;
    }

    @Override
    public void up(MessageBatch batch) {
        for (Message message : batch) {
            up(message);
        }
    }

    private synchronized void count() {
        seen++;
    }

    private synchronized void keep(Message message) {
        seen++;
        kept.add(message);
    }

    private static boolean isView(Message message) {
        GMS.GmsHeader header = message.getHeader(MEMBERSHIP);
        return header != null && header.getType() == GMS.GmsHeader.VIEW;
    }
}
