package sheepdog.sheep.main;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.function.Supplier;
import sheepdog.protocol.model.ResultCode;
import sheepdog.protocol.wire.Opcode;
import sheepdog.protocol.wire.Request;
import sheepdog.protocol.wire.Response;
import sheepdog.sheep.cluster.ClusterService;
import sheepdog.sheep.dispatch.Operation;
import sheepdog.sheep.dispatch.Operation.Accepted;
import sheepdog.sheep.dispatch.Operation.Handler;
import sheepdog.sheep.dispatch.Operation.Kind;
import sheepdog.sheep.dispatch.Operations;
import sheepdog.sheep.recovery.RecoveryService;
import sheepdog.sheep.runtime.ConnectionInfo;
import sheepdog.sheep.vdi.ClientObjects;
import sheepdog.sheep.vdi.VdiService;

/** THE table: what a client can ask, and who carries it out. {@code docs/operations.md} is printed from it. */
final class OperationTable {
    private OperationTable() {}

    /** @param kill ends this sheep, after its answer */
    static Operations of(
            ClientObjects objects,
            VdiService vdis,
            ClusterService cluster,
            RecoveryService recovery,
            Function<Request.ReadPeer, CompletionStage<Response>> readPeer,
            Supplier<CompletionStage<Response>> kill) {
        return new Operations(List.of(
                gateway(Opcode.CREATE_AND_WRITE_OBJ, Request.CreateObject.class, objects::create),
                gateway(Opcode.READ_OBJ, Request.ReadObject.class, (r, _) -> objects.read(r)),
                gateway(Opcode.WRITE_OBJ, Request.WriteObject.class, objects::write),
                gateway(Opcode.REMOVE_OBJ, Request.RemoveObject.class, objects::remove),
                gateway(Opcode.DISCARD_OBJ, Request.DiscardObject.class, objects::discard),
                cluster(Opcode.NEW_VDI, Request.NewVdi.class, vdis::create),
                cluster(Opcode.LOCK_VDI, Request.LockVdi.class, r -> vdis.info(r.name(), r.tag(), r.snapId())),
                local(Opcode.RELEASE_VDI, Request.ReleaseVdi.class, vdis::release),
                cluster(Opcode.GET_VDI_INFO, Request.GetVdiInfo.class, r -> vdis.info(r.name(), r.tag(), r.snapId())),
                local(Opcode.READ_VDIS, Request.ReadVdis.class, vdis::bitmap).alsoBeforeServing(),
                local(Opcode.FLUSH_VDI, Request.FlushVdi.class, vdis::flush),
                cluster(Opcode.DEL_VDI, Request.DeleteVdi.class, vdis::delete),
                local(Opcode.GET_CLUSTER_DEFAULT, Request.GetClusterDefault.class, cluster::clusterDefault),
                local(Opcode.GET_NODE_LIST, Request.GetNodeList.class, cluster::nodeList)
                        .alsoBeforeServing(),
                cluster(Opcode.MAKE_FS, Request.MakeFs.class, cluster::format).alsoBeforeServing(),
                // The original refuses this in a halted cluster, which then cannot be ended in order.
                cluster(Opcode.SHUTDOWN, Request.Shutdown.class, cluster::shutdown)
                        .alsoWhenHalted(),
                later(Opcode.STAT_SHEEP, Kind.LOCAL, Request.StatSheep.class, cluster::nodeStat),
                later(Opcode.STAT_CLUSTER, Kind.LOCAL, Request.StatCluster.class, cluster::clusterStat)
                        .alsoBeforeServing(),
                local(Opcode.GET_STORE_LIST, Request.GetStoreList.class, cluster::storeList)
                        .alsoBeforeServing(),
                local(Opcode.GET_WAITING, Request.GetWaiting.class, cluster::waiting)
                        .alsoBeforeServing(),
                later(Opcode.FORCE_RECOVER, Kind.CLUSTER, Request.ForceRecover.class, cluster::force)
                        .alsoBeforeServing(),
                later(Opcode.DRAIN_NODE, Kind.CLUSTER, Request.DrainNode.class, cluster::drain),
                local(Opcode.RECOVERY_PROGRESS, Request.GetProgress.class, recovery::progress)
                        .alsoBeforeServing(),
                cluster(Opcode.LOST_OBJECTS, Request.LostObjects.class, recovery::lost),
                local(Opcode.LIST_VDIS, Request.ListVdis.class, vdis::list),
                cluster(Opcode.ENABLE_RECOVER, Request.EnableRecover.class, _ -> recovery.enable(true)),
                cluster(Opcode.DISABLE_RECOVER, Request.DisableRecover.class, _ -> recovery.enable(false)),
                local(Opcode.GET_RECOVERY, Request.GetRecovery.class, recovery::limit)
                        .alsoBeforeServing(),
                later(Opcode.SET_RECOVERY, Kind.LOCAL, Request.SetRecovery.class, recovery::setLimit)
                        .alsoBeforeServing(),
                local(Opcode.STAT_RECOVERY, Request.StatRecovery.class, cluster::recoveryStat)
                        .alsoBeforeServing(),
                later(Opcode.KILL_NODE, Kind.LOCAL, Request.KillNode.class, _ -> kill.get())
                        .alsoBeforeServing(),
                local(Opcode.GET_EPOCH, Request.GetEpoch.class, cluster::epoch).alsoBeforeServing(),
                later(Opcode.READ_PEER, Kind.PEER, Request.ReadPeer.class, readPeer),
                cluster(Opcode.DELETE_CACHE, Request.DeleteCache.class, answered(vdis::dropCache)),
                unsupported(Opcode.GET_VDI_ATTR),
                unsupported(Opcode.SNAPSHOT),
                unsupported(Opcode.RESTORE),
                unsupported(Opcode.GET_SNAP_FILE),
                unsupported(Opcode.CLEANUP),
                unsupported(Opcode.FLUSH_DEL_CACHE),
                unsupported(Opcode.GET_OBJ_LIST),
                unsupported(Opcode.CREATE_AND_WRITE_PEER),
                unsupported(Opcode.WRITE_PEER),
                unsupported(Opcode.REMOVE_PEER),
                unsupported(Opcode.SET_CACHE_SIZE),
                unsupported(Opcode.MD_INFO),
                unsupported(Opcode.MD_PLUG),
                unsupported(Opcode.MD_UNPLUG)));
    }

    private static <R extends Request> Operation gateway(
            Opcode opcode, Class<R> type, BiFunction<R, ConnectionInfo, CompletionStage<Response>> start) {
        return new Operation(
                opcode,
                Kind.GATEWAY,
                Accepted.WHEN_SERVING,
                new Handler.Later((request, from) -> start.apply(type.cast(request), from)));
    }

    private static <R extends Request> Operation cluster(
            Opcode opcode, Class<R> type, Function<R, CompletionStage<Response>> start) {
        return later(opcode, Kind.CLUSTER, type, start);
    }

    private static <R extends Request> Operation local(Opcode opcode, Class<R> type, Function<R, Response> answer) {
        return new Operation(
                opcode,
                Kind.LOCAL,
                Accepted.WHEN_SERVING,
                new Handler.Now(request -> answer.apply(type.cast(request))));
    }

    private static <R extends Request> Operation later(
            Opcode opcode, Kind kind, Class<R> type, Function<R, CompletionStage<Response>> start) {
        return new Operation(
                opcode,
                kind,
                Accepted.WHEN_SERVING,
                new Handler.Later((request, _) -> start.apply(type.cast(request))));
    }

    /** Known, and refused by name: its part of the product is not there. */
    private static Operation unsupported(Opcode opcode) {
        return new Operation(
                opcode, Kind.LOCAL, Accepted.WHEN_SERVING, new Handler.Now(_ -> Response.of(ResultCode.NO_SUPPORT)));
    }

    private static <R> Function<R, CompletionStage<Response>> answered(Function<R, Response> answer) {
        return request -> CompletableFuture.completedStage(answer.apply(request));
    }
}
