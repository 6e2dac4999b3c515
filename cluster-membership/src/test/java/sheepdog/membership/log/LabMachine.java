package sheepdog.membership.log;

import java.util.ArrayList;
import java.util.List;
import sheepdog.membership.api.ClusterLog.Position;
import sheepdog.membership.api.ClusterLog.StateMachine;
import sheepdog.membership.api.EpochRecord;
import sheepdog.membership.api.Member;
import sheepdog.membership.consensus.FieldReader;
import sheepdog.membership.consensus.FieldWriter;

/** A state machine that remembers what it was told, and tells the checks. */
final class LabMachine implements StateMachine {
    private final Lab.Life life;
    final List<String> commands = new ArrayList<>();
    final List<Member> started = new ArrayList<>();
    EpochRecord epoch;
    long epochsSeen;
    /** Index of the entry that the epoch is of; 0 before there is one. */
    long epochIndex;

    int statusChanges;

    LabMachine(Lab.Life life) {
        this.life = life;
    }

    @Override
    public void epoch(Position position, EpochRecord record) {
        epoch = record;
        epochsSeen++;
        epochIndex = position.index();
        life.checkLab().epoch(life, position, record);
    }

    @Override
    public byte[] apply(Position position, byte[] command) {
        String text = new String(command);
        commands.add(text);
        life.checkLab().applied(life, position, text);
        return ("result of " + text).getBytes();
    }

    @Override
    public void memberStarted(Position position, Member member) {
        started.add(member);
        life.checkLab().applied(life, position, "started " + member);
    }

    @Override
    public boolean understands(byte[] command) {
        return !new String(command).startsWith("unknown");
    }

    @Override
    public boolean restartsEpochs(byte[] command) {
        return new String(command).startsWith("format");
    }

    @Override
    public byte[] snapshot() {
        var out = new FieldWriter().i32(commands.size());
        commands.forEach(out::text);
        out.i64(epochIndex);
        RecordCodec.write(epoch, out);
        return out.toBytes();
    }

    @Override
    public void restore(Position position, byte[] state) {
        var in = new FieldReader(state);
        commands.clear();
        int count = in.count(4);
        for (int i = 0; i < count; i++) {
            commands.add(in.text());
        }
        epochIndex = in.i64();
        epoch = RecordCodec.readEpoch(in);
        in.end();
        life.checkLab().restored(life, position, commands);
    }

    @Override
    public void statusChanged() {
        statusChanges++;
    }
}
