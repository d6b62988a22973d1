"""What people do about queues of Request Tracker."""
