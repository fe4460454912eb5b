namespace IngressReconciler.ManifestFolders;

/// <summary>What is logged of a folder of manifests.</summary>
internal static partial class ManifestLog
{
    [LoggerMessage(14, LogLevel.Information, "Published {Applied} applied and {Deleted} deleted objects from {Folder}")]
    public static partial void Published(ILogger log, int applied, int deleted, string folder);

    [LoggerMessage(17, LogLevel.Error, "Publishing failed, tried again in {Seconds} s: {Reason}")]
    public static partial void PublishFailed(ILogger log, double seconds, string reason);

    [LoggerMessage(16, LogLevel.Warning, "The folder's watch lost events ({Reason}): everything is read again")]
    public static partial void WatchOverflow(ILogger log, string reason);

    [LoggerMessage(15, LogLevel.Error, "{Problem}")]
    public static partial void ManifestProblem(ILogger log, string problem);
}
